//! What a step took.

use std::time::Instant;

/// Seconds and processor seconds between calls.
pub struct Clock {
    began: Instant,
    processor: f64,
}

impl Clock {
    /// From now on.
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
            processor: processor_seconds(),
        }
    }

    /// Prints and returns what it took since the last call: seconds, and seconds of processors.
    pub fn lap(&mut self, what: &str) -> [f64; 2] {
        let now = Self::start();
        let secs = (now.began - self.began).as_secs_f64();
        let processor_secs = now.processor - self.processor;
        println!("{what}: {secs:.1} s, {processor_secs:.1} s of processors");
        *self = now;
        [secs, processor_secs]
    }
}

/// Seconds that the threads of this process have run for, where the system tells; hundredths.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}
