"""One-pass networks: modules, objective, training tasks, stylizer, back ends and export."""
