// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

//! `kestrel WAY`: a file-synchronising service as far as its crashes go: two panics and a map of a file that shrank.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

extern "C" {
    fn report_crashes();
    fn use_signal_stack();
    fn mmap(at: *mut u8, length: usize, protection: i32, flags: i32, file: i32, offset: i64) -> *mut u8;
    fn memfd_create(name: *const u8, flags: u32) -> i32;
    fn ftruncate(file: i32, length: i64) -> i32;
}

mod index {
    use super::*;

    pub struct Entry {
        pub version: u64,
    }

    #[derive(Default)]
    pub struct Index {
        entries: HashMap<String, Entry>,
    }

    impl Index {
        /// A file that was renamed on both sides is in neither index.
        #[inline(never)]
        pub fn version_of(&self, path: &str) -> u64 {
            self.entries.get(path).unwrap().version
        }
    }
}

mod delta {
    use super::*;

    #[inline(never)]
    pub fn copy_block(target: &mut Vec<u8>, source: &[u8], block: usize) {
        target.extend_from_slice(&source[block * 16..block * 16 + 16]);
    }

    #[inline(never)]
    pub fn apply(source: &[u8], blocks: &[usize]) -> Vec<u8> {
        let mut target = Vec::new();
        for &block in blocks {
            copy_block(&mut target, source, black_box(block));
        }
        target
    }
}

mod cache {
    use super::*;

    pub struct MappedFile {
        start: *mut u8,
        length: usize,
    }

    impl MappedFile {
        #[inline(never)]
        pub fn open(length: usize) -> MappedFile {
            unsafe {
                let file = memfd_create(c"blocks".as_ptr().cast(), 0);
                ftruncate(file, length as i64);
                let start = mmap(std::ptr::null_mut(), length, 1, 1, file, 0);
                // Another program cuts the file short while it is mapped.
                ftruncate(file, 0);
                MappedFile { start, length }
            }
        }

        #[inline(never)]
        pub fn checksum(&self) -> u64 {
            let mut sum = 0u64;
            for at in (0..self.length).step_by(64) {
                sum = sum.rotate_left(7) ^ u64::from(unsafe { self.start.add(at).read_volatile() });
            }
            sum
        }
    }
}

#[inline(never)]
fn resolve_conflict(path: &str) -> u64 {
    let index = index::Index::default();
    black_box(index.version_of(path)) + 1
}

#[inline(never)]
fn sync_once(way: &str) -> u64 {
    match way {
        "rename" => resolve_conflict("notes/today.txt"),
        "delta" => delta::apply(&[7; 64], &[0, 3, 4]).len() as u64,
        _ => black_box(cache::MappedFile::open(65536).checksum()) + 1,
    }
}

fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    unsafe { report_crashes() };
    std::thread::Builder::new()
        .name("watcher".into())
        .spawn(|| loop {
            std::thread::sleep(Duration::from_secs(1));
        })
        .unwrap();
    let sync = std::thread::Builder::new().name("sync".into()).spawn(move || {
        unsafe { use_signal_stack() };
        sync_once(&way)
    });
    std::process::exit(sync.unwrap().join().map_or(1, |sum| black_box(sum) as i32));
}
