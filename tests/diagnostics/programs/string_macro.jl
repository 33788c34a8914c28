page = html"<b>bold</b>"
