#![no_main]

fuzz::target!(history_page);
