#![no_main]

fuzz::target!(key_set);
