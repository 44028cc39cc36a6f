#![no_main]

fuzz::target!(time);
