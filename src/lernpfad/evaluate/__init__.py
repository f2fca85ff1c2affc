"""How good is it? Metrics, ranking, closed loop, intervals, and the report that shows them."""
