#![no_main]

fuzz::target!(entity_tags);
