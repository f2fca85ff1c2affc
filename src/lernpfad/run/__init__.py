"""The entry points: the only place that knows Hydra, Optuna, MLflow and DVC."""
