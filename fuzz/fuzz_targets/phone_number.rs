#![no_main]

fuzz::target!(phone_number);
