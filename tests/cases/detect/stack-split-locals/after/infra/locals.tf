locals { name = "credcoin" }
