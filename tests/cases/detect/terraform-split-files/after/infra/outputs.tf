output "note" {
  value = <<-TEXT
    two words
      indented
  TEXT
}
