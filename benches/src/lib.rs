//! The questions of performance this project asks of itself; answers stand in `RESULTS.md`.
