//! Runs every target over its corpus, on stable.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn each_target_takes_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in auth_fuzz::TARGETS {
        let files = fs::read_dir(corpus.join(name)).unwrap();
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            // After a panic the last line of the output names the file.
            eprintln!("{}", path.display());
            target(&fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "the corpus of {name} is empty");
    }
}

#[test]
fn each_target_has_all_its_files() {
    let targets: BTreeSet<_> =
        auth_fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), auth_fuzz::TARGETS.len());
    for folder in ["corpus", "dictionaries", "fuzz_targets"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let names: BTreeSet<_> =
            fs::read_dir(&folder).unwrap().map(|file| name(&file.unwrap().path())).collect();
        assert_eq!(names, targets, "{}", folder.display());
    }
}
