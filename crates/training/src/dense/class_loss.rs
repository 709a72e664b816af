//! What a wrong class costs: cross-entropy and Dice.

/// An image whose labels fill less than this share of its cells counts less than others.
const FULL_SHARE: f32 = 1.0 / 16.0;
/// Added to both sides of the fraction in Dice, so that an absent class that is not claimed costs nothing.
const DICE_SMOOTHING: f32 = 1.0;

/// Class probabilities from logits, cell by cell, in place.
pub(crate) fn softmax(values: &mut [f32], classes: usize) {
    for cell in values.chunks_exact_mut(classes) {
        let highest = cell.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for value in cell.iter_mut() {
            *value = (*value - highest).exp();
            sum += *value;
        }
        for value in cell {
            *value /= sum;
        }
    }
}

/// Cross-entropy with shares of classes, averaged over the labeled cells, plus one minus the soft Dice
/// of each class but the background, averaged over these. `wanted` holds the shares `[cells, classes]`,
/// `weights` how much a cell counts; writes the gradient by the logits, times `share`.
pub(crate) fn class_loss(
    classes: usize,
    logits: &[f32],
    wanted: &[f32],
    weights: &[f32],
    share: f32,
    gradient: &mut [f32],
) -> f32 {
    let cells = weights.len() as f32;
    let labeled: f32 = weights.iter().sum();
    let per_cell = 1.0 / labeled.max(FULL_SHARE * cells);
    // Until the last pass `gradient` holds the probabilities.
    gradient.copy_from_slice(logits);
    softmax(gradient, classes);
    let mut entropy = 0.0;
    // For each class: sums of what is claimed and there, claimed, there.
    let mut sums = vec![[0.0_f32; 3]; classes];
    let targets = wanted.chunks_exact(classes).zip(weights);
    let answers = gradient
        .chunks_exact(classes)
        .zip(logits.chunks_exact(classes));
    for ((wanted, &weight), (claimed, logits)) in targets.zip(answers) {
        if weight > 0.0 {
            // ln p of a logit, from one probability that is large enough to have a logarithm.
            let mut likeliest = 0;
            for class in 1..classes {
                if claimed[class] > claimed[likeliest] {
                    likeliest = class;
                }
            }
            let level = claimed[likeliest].ln() - logits[likeliest];
            for class in 0..classes {
                entropy -= weight * wanted[class] * (logits[class] + level);
                let [both, claims, there] = &mut sums[class];
                *both += weight * claimed[class] * wanted[class];
                *claims += weight * claimed[class];
                *there += weight * wanted[class];
            }
        }
    }
    let each = 1.0 / (classes - 1).max(1) as f32;
    let mut loss = entropy * per_cell;
    // The gradient by the probability of a class at a cell: `wanted * slope + level`.
    let mut terms = vec![[0.0_f32; 2]; classes];
    for (term, [both, claims, there]) in terms.iter_mut().zip(&sums).skip(1) {
        let above = 2.0 * both + DICE_SMOOTHING;
        let below = claims + there + DICE_SMOOTHING;
        loss += each * (1.0 - above / below);
        *term = [-2.0 * each / below, each * above / (below * below)];
    }
    let targets = wanted.chunks_exact(classes).zip(weights);
    for ((wanted, &weight), cell) in targets.zip(gradient.chunks_exact_mut(classes)) {
        let mut average = 0.0;
        for ((claimed, wanted), [slope, level]) in cell.iter().zip(wanted).zip(&terms) {
            average += claimed * (wanted * slope + level);
        }
        for ((value, wanted), [slope, level]) in cell.iter_mut().zip(wanted).zip(&terms) {
            let by_dice = *value * (wanted * slope + level - average);
            let by_entropy = (*value - wanted) * per_cell;
            *value = share * weight * (by_entropy + by_dice);
        }
    }
    loss
}
