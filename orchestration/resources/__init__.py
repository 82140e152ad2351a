"""The engines and folders the product works on, behind small interfaces."""
