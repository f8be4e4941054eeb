package mutant

// Rare lets tests choose event IDs that a mutant picks, or does not.
var Rare = rare
