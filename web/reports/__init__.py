"""Reports in words, drawings and tables. What is counted comes from the queries of the apps; here it is only said."""
