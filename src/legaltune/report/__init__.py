"""The run report: report.json for machines, report.html for people."""
