"""habitue: loads, cleans and unites customer data, and serves trusted marts."""
