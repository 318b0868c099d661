"""Phone calls: no machine calls anybody; a task appears for the staff."""
