"""What being late costs (电费违约金): calculated from the books by dated rule, charged once a debt is settled, waived by two."""
