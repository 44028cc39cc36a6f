#![no_main]

fuzz::target!(seed);
