#![no_main]

fuzz::target!(token);
