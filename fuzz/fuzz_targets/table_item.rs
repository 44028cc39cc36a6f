#![no_main]

fuzz::target!(table_item);
