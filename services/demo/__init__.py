"""`wattline demo`: a small district through two monthly cycles, over the public REST interfaces."""
