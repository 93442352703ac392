//! Prints the public interface in a rustdoc JSON file, a line per item.
//!
//! `public-api` reads format 57 of that file, which Rust 1.91 and newer write. If a newer Rust writes
//! another format, update `public-api`.

use std::env::args;
use std::error::Error;

use public_api::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let json = args().nth(1).ok_or("usage: api TARGET/doc/CRATE.json")?;
    let api = Builder::from_rustdoc_json(json)
        // What every type has says nothing of this one.
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()?;
    print!("{api}");
    Ok(())
}
