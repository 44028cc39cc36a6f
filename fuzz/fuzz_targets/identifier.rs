#![no_main]

fuzz::target!(identifier);
