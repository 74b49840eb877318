// Package ui puts plans, progress and results on a terminal or into a file.
// It writes only to the streams it is given, reads nothing from the process
// but what [Detect] is handed, and decides no exit code.
package ui
