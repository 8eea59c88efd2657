//! Seeded vectors in clusters, as prompts come.

/// Draws unit vectors around a number of centres.
pub(super) struct Cloud {
    state: u64,
    centres: Vec<Vec<f32>>,
}

impl Cloud {
    pub(super) fn new(dimensions: usize, centres: usize) -> Self {
        let mut cloud = Self {
            state: 42,
            centres: Vec::new(),
        };
        cloud.centres = (0..centres)
            .map(|_| unit((0..dimensions).map(|_| cloud.component()).collect()))
            .collect();
        cloud
    }

    pub(super) fn vector(&mut self) -> Vec<f32> {
        let at = self.next() as usize % self.centres.len();
        let centre = self.centres[at].clone();
        self.moved(&centre, 0.8)
    }

    /// Returns a vector with a cosine of about .99.
    pub(super) fn near(&mut self, vector: &[f32]) -> Vec<f32> {
        self.moved(vector, 0.14)
    }

    /// Adds noise of so large a norm.
    fn moved(&mut self, vector: &[f32], size: f32) -> Vec<f32> {
        let noise = unit(vector.iter().map(|_| self.component()).collect());
        let moved = vector.iter().zip(noise);
        unit(moved.map(|(value, noise)| value + size * noise).collect())
    }

    /// Adds up three even ones, which is near enough to a normal one.
    fn component(&mut self) -> f32 {
        (0..3)
            .map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32 - 0.5)
            .sum()
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

pub(super) fn unit(vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / norm).collect()
}
