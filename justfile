# Recipes for contributors. `just` is optional: each recipe is one command that works without it.

check:
    cargo check --workspace --all-targets

test *ARGS:
    cargo test --workspace {{ARGS}}

# Formatting, clippy and tests.
quick:
    .ci/run quick

# Everything that has to pass before a change is submitted.
ci:
    .ci/run

fuzz TARGET *ARGS:
    cargo +nightly fuzz run {{TARGET}} -- -dict=fuzz/dictionaries/{{TARGET}}.dict -max_len=4096 -timeout=5 {{ARGS}}

bench *ARGS:
    cargo run --release -q -p benches --bin compare -- {{ARGS}}
