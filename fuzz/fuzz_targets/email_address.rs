#![no_main]

fuzz::target!(email_address);
