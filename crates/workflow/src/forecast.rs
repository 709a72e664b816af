//! What a further batch would save people, foretold from the learning curve.

use crate::WorkflowError;
use autolabel_quality::ThresholdConfig;
use autolabel_selection::{LearningRate, NextGain, RoundRecord, learning_rate};

/// The model's own calibrated doubt about the images without a label. It alone, not the random answers:
/// with a few dozen of them one unlucky answer would move the evidence by more than a batch does.
pub(crate) struct Forecast {
    /// Probability of the first class of every image, or of a uniform sample of them.
    sure: Vec<f32>,
    threshold: ThresholdConfig,
    batch: usize,
}

impl Forecast {
    /// From the probabilities of the first class and the size of a batch.
    pub(crate) fn new(sure: Vec<f32>, threshold: &ThresholdConfig, batch: usize) -> Self {
        Self {
            sure,
            threshold: *threshold,
            batch,
        }
    }

    /// Mean doubt, 0 to 1; 0 where no image is left.
    pub(crate) fn doubt(&self) -> f64 {
        let sum: f64 = self.sure.iter().map(|p| 1.0 - f64::from(*p)).sum();
        sum / self.sure.len().max(1) as f64
    }

    /// Images that auto-labeling would spare people if this many were left and every doubt were
    /// multiplied by `factor`: those it would label, less the audit in units of labels.
    pub(crate) fn spared(&self, left: usize, factor: f64) -> Result<f64, WorkflowError> {
        let sure: Vec<f32> = self
            .sure
            .iter()
            .map(|p| (1.0 - (1.0 - f64::from(*p)) * factor).clamp(0.0, 1.0) as f32)
            .collect();
        let priced = ThresholdConfig {
            stands_for: left as f64 / sure.len().max(1) as f64,
            ..self.threshold
        };
        let finish = autolabel_quality::finishing_cost(&sure, &priced)?;
        let label_cost = self.threshold.label_cost;
        let by_hand = left as f64 * label_cost;
        Ok((by_hand - finish).max(0.0) / label_cost.max(f64::MIN_POSITIVE))
    }

    /// Further images that the next batch is expected to spare beside those of `spared` now, its own labels
    /// deducted, with the interval that the learning rate leaves. `None` before a learning rate is known.
    pub(crate) fn next_gain(
        &self,
        spared: f64,
        history: &[RoundRecord],
    ) -> Result<Option<NextGain>, WorkflowError> {
        let Some((rate, now)) = learning_rate(history).zip(history.last()) else {
            return Ok(None);
        };
        let batch = self.batch.min(now.rest);
        let gain = |exponent: f64| -> Result<f64, WorkflowError> {
            let factor = LearningRate::factor(exponent, now.labels, batch);
            Ok(self.spared(now.rest - batch, factor)? - spared)
        };
        let (expected, (low, high)) =
            rayon::join(|| gain(rate.exponent), || (gain(rate.low), gain(rate.high)));
        Ok(Some(NextGain {
            expected: expected?,
            low: low?,
            high: high?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast() -> Forecast {
        let sure: Vec<f32> = (0..1_000).map(|i| 0.5 + 0.0005 * i as f32).collect();
        Forecast::new(sure, &ThresholdConfig::default(), 50)
    }

    #[test]
    fn less_doubt_spares_more() {
        let forecast = forecast();
        assert!((forecast.doubt() - 0.25).abs() < 0.01);
        let spared = |factor| forecast.spared(1_000, factor).unwrap();
        assert!(spared(1.0) < spared(0.5) && spared(0.5) < spared(0.1));
        assert!(spared(0.001) > 900.0 && spared(1.0) >= 0.0);
    }

    #[test]
    fn a_sample_speaks_for_the_pool() {
        let sample = forecast();
        let mut pool = forecast();
        pool.sure = pool.sure.repeat(10);
        let (from_sample, from_pool) = (
            sample.spared(10_000, 0.3).unwrap(),
            pool.spared(10_000, 0.3).unwrap(),
        );
        let ratio = from_sample / from_pool;
        assert!((ratio - 1.0).abs() < 0.05, "{from_sample} {from_pool}");
    }

    #[test]
    fn a_steep_curve_pays_and_a_flat_one_does_not() {
        let record = |labels: usize, doubt: f64| RoundRecord {
            labels,
            rest: 1_000,
            spared: 0,
            doubt: Some(doubt),
            next_gain: None,
            kappa: None,
        };
        let curve = |exponent: f64| -> Vec<RoundRecord> {
            let rounds = (2..8).map(|i| i * 50);
            rounds
                .map(|n| record(n, 5.0 * (n as f64).powf(-exponent)))
                .collect()
        };
        let gain = |exponent| {
            let forecast = forecast();
            let now = forecast.spared(1_000, 1.0).unwrap();
            forecast.next_gain(now, &curve(exponent)).unwrap().unwrap()
        };
        assert!(gain(1.5).expected > 0.0);
        assert!(gain(0.0).expected <= 0.0);
        assert!(
            forecast()
                .next_gain(0.0, &curve(0.5)[..1])
                .unwrap()
                .is_none()
        );
    }
}
