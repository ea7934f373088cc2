"""The SLO engine as a service: posted specs are checked, planned, rendered and judged in processes of their own."""
