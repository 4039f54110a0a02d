//! From words to graphs and back: specification, plan, validation, deployment, healing.
