"""Values only: what is known, wanted, planned, approved and done. Nothing here touches the outside world."""
