//! The law of Gimbal.
