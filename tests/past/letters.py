"""Newsletters as other programmes make them, written for the tests: invented schools, invented news."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.policy import SMTP

from tests.builder.written import picture

MAILCHIMP = """<!doctype html><html><head><meta charset="utf-8"><title>Schools' update – spring</title>
<style>.mcnTextContent p{margin:10px 0}</style></head><body>
<span class="mcnPreviewText" style="display:none; font-size:0px; line-height:0px; max-height:0px;">Clubs, coats and a clear deadline</span>
<table width="100%" id="bodyTable"><tr><td><table class="templateContainer"><tr><td>
<table class="mcnTextBlock"><tbody><tr><td class="mcnTextContent"><a href="https://mailchi.mp/example/schools-update?e=x" target="_blank">View this email in your browser</a></td></tr></tbody></table>
<table class="mcnImageBlock"><tr><td><img alt="Schools' update" src="https://mcusercontent.example/banner.png" width="564" class="mcnImage"></td></tr></table>
<table class="mcnTextBlock"><tr><td class="mcnTextContent"><h1>Schools' update</h1><p>Tuesday 5 March 2019 | Issue 42</p>
<p>Welcome to this week's update. There is a deadline in it.</p></td></tr></table>
<table class="mcnTextBlock"><tr><td class="mcnTextContent"><h2>Winter coats for every child</h2>
<img src="data:image/png;base64,{coat}" alt="A rail of winter coats" width="300">
<p>The coat exchange opens on <strong>Monday</strong>. Bring what is too small &amp; take what fits.</p>
<ul><li>County Hall</li><li>Example Library<ul><li>upstairs</li></ul></li></ul>
<p><a href="https://www.example.org/coats?utm_source=newsletter&amp;utm_campaign=march">Where the coat exchange is</a></p></td></tr></table>
<table class="mcnDividerBlock"><tr><td><span></span></td></tr></table>
<table class="mcnTextBlock"><tr><td class="mcnTextContent"><h2>Holiday clubs: places by phase</h2>
<p>How many places there are:</p><table><tr><th>Phase</th><th>Places</th></tr><tr><td>Primary</td><td>1,200</td></tr><tr><td>Secondary</td><td>300</td></tr></table>
<h3>How to book</h3><p>Write to <a href="mailto:clubs@example.org">the clubs team</a>.</p></td></tr></table>
<table class="mcnTextBlock"><tr><td class="mcnTextContent"><em>Copyright © 2019 Example County Council, All rights reserved.</em><br>
<strong>Our mailing address is:</strong><br>County Hall<br>Want to change how you receive these emails?<br>
You can <a href="*|UPDATE_PROFILE|*">update your preferences</a> or <a href="*|UNSUB|*">unsubscribe from this list</a>.</td></tr></table>
</td></tr></table></td></tr></table><img src="https://example.list-manage.com/track/open.php?u=1" height="1" width="1"></body></html>"""

GOVDELIVERY = """<html><body><table><tr><td>
<p style="font-size:11px">You are subscribed to School bulletin for Example County Council. This information has recently been updated.</p>
<h1 style="text-align:center">School bulletin</h1><h2>For action</h2>
<h3>School census: check your figures</h3><p>Check them by Friday. It’s the third week of term.</p>
<h3>Kitchen inspections</h3><p><img src="cid:kitchen@example" alt="A school kitchen" width="200"></p><p>Inspectors come <i>unannounced</i>.</p>
<h2>News</h2>
<h3>Choir wins</h3><p>Example Primary School’s choir came first.</p><blockquote><p>We sang as if nobody listened.</p></blockquote>
<p>Questions for Example County Council? <a href="https://example.gov.example/contact">Contact us</a></p>
<p>Manage your preferences | Unsubscribe | Help. Powered by GovDelivery</p></td></tr></table></body></html>"""

WORD = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<meta http-equiv=Content-Type content="text/html; charset=windows-1252"><style><!-- p.MsoNormal {margin:0cm} --></style>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml><![endif]--></head>
<body lang=EN-GB><div class=WordSection1>
<p class=MsoNormal align=center><b><span style='font-size:24.0pt'>Heads\x92 letter<o:p></o:p></span></b></p>
<p class=MsoNormal>14<sup>th</sup> June 2016<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal><b><span style='font-size:12.0pt'>Sports day \x96 what to bring<o:p></o:p></span></b></p>
<p class=MsoNormal>Sports day is on Friday. Everyone needs:<o:p></o:p></p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>\xb7<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>a hat<o:p></o:p></p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>\xb7<span>&nbsp;</span></span><![endif]>a <b>full</b> bottle of water<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal><b>Staff changes<o:p></o:p></b></p>
<p class=MsoNormal>Ms Example leaves us after \xa350 well spent. 1. She says thank you.<o:p></o:p></p>
</div></body></html>"""

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Old news</title><id>x</id>
<entry><title>Pond opened &amp; frogs counted</title><id>1</id><link href="https://old.example/2018/pond.html"/><published>2018-05-01T08:00:00Z</published>
<content type="html">&lt;p&gt;The pond is &lt;b&gt;open&lt;/b&gt;.&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</content></entry>
<entry><title>Frogs moved in</title><id>2</id><published>2018-05-01T10:00:00Z</published><summary>Eleven of them.</summary></entry>
<entry><title>Summer edition</title><id>3</id><link href="https://old.example/2018/summer/"/><published>2018-07-02T10:00:00Z</published>
<content type="html">&lt;h2&gt;Fair&lt;/h2&gt;&lt;p&gt;On the green.&lt;/p&gt;&lt;h2&gt;Fete&lt;/h2&gt;&lt;p&gt;By the church.&lt;/p&gt;</content></entry></feed>"""


def mailchimp() -> bytes:
    return MAILCHIMP.replace("{coat}", base64.b64encode(picture("navy")).decode()).encode()


def word() -> bytes:
    return WORD.encode("latin-1")


def outlook() -> bytes:
    """As Outlook saves a mail: multipart/related, Windows-1252, quoted-printable, a picture by its Content-ID."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "FW: School bulletin – autumn"
    message["From"], message["To"] = "Example County Council <bulletin@example.org>", "someone@example.org"
    message["Date"] = "Thu, 03 Oct 2013 23:30:00 +0000"
    message.set_content("Plain words for those without HTML.")
    message.add_alternative(GOVDELIVERY, subtype="html", charset="windows-1252", cte="quoted-printable")
    html = message.get_payload()[1]  # type: ignore[index]
    html.add_related(picture("olive"), "image", "png", cid="<kitchen@example>")  # type: ignore[union-attr]
    return bytes(message)
