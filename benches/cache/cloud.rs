//! Seeded vectors that lie as those of prompts do: in clusters, and within
//! few directions of the space, as embedders use far fewer than they have.

/// As the embedder that ships has.
pub(crate) const DIMENSIONS: usize = 384;

/// The directions in which centres and their members differ.
const LATENT: usize = 24;
/// How many vectors share a centre, on average.
const CLUSTER: usize = 50;
/// The norm of the noise around a centre: cosines within a cluster are about
/// .5, as between prompts of one topic.
const SPREAD: f32 = 1.0;
/// The noise between near duplicates: a cosine of about .97.
const NEAR: f32 = 0.25;

/// Draws unit vectors.
pub(crate) struct Cloud {
    state: u64,
    directions: Vec<Vec<f32>>,
    centres: Vec<Vec<f32>>,
}

impl Cloud {
    /// Draws the centres for so many vectors.
    pub(crate) fn new(seed: u64, count: usize) -> Self {
        let mut cloud = Self {
            state: seed,
            directions: Vec::new(),
            centres: Vec::new(),
        };
        cloud.directions = (0..LATENT).map(|_| cloud.anywhere()).collect();
        let centres = (0..count.div_ceil(CLUSTER)).map(|_| cloud.direction());
        cloud.centres = centres.collect();
        cloud
    }

    /// Draws a vector near one of the centres.
    pub(crate) fn vector(&mut self) -> Vec<f32> {
        let at = self.next() % self.centres.len().max(1) as u64;
        let centre = self.centres.get(at as usize).cloned();
        let noise = self.direction();
        match centre {
            Some(centre) => sum(&centre, &noise, SPREAD),
            None => noise,
        }
    }

    /// Draws a near duplicate of a vector.
    pub(crate) fn near(&mut self, vector: &[f32]) -> Vec<f32> {
        let noise = self.anywhere();
        sum(vector, &noise, NEAR)
    }

    /// Draws a mixture of the latent directions.
    fn direction(&mut self) -> Vec<f32> {
        let shares: Vec<f32> = (0..LATENT).map(|_| self.component()).collect();
        let mut mixture = vec![0.0; DIMENSIONS];
        for (share, direction) in shares.iter().zip(&self.directions) {
            for (value, component) in mixture.iter_mut().zip(direction) {
                *value += share * component;
            }
        }
        unit(mixture)
    }

    fn anywhere(&mut self) -> Vec<f32> {
        unit((0..DIMENSIONS).map(|_| self.component()).collect())
    }

    /// Adds up three even ones, which is near enough to a normal one.
    fn component(&mut self) -> f32 {
        let even = |bits: u64| (bits >> 40) as f32 / (1 << 24) as f32 - 0.5;
        even(self.next()) + even(self.next()) + even(self.next())
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

fn sum(vector: &[f32], noise: &[f32], size: f32) -> Vec<f32> {
    let pairs = vector.iter().zip(noise);
    unit(pairs.map(|(value, noise)| value + size * noise).collect())
}

fn unit(vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / norm).collect()
}
