#![no_main]

fuzz::target!(stream_record);
