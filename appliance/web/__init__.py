"""The pages and the station API: one module per audience."""
