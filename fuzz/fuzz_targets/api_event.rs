#![no_main]

fuzz::target!(api_event);
