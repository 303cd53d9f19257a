"""Feeds as schools' sites really make them, with invented schools."""

from __future__ import annotations

WORDPRESS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/">
<channel>
	<title>Example Primary School</title>
	<atom:link href="https://example-primary.example/news/feed/" rel="self" type="application/rss+xml" />
	<link>https://example-primary.example</link>
	<description></description>
	<item>
		<title>Year 4&#8217;s garden: a first harvest</title>
		<link>https://example-primary.example/2025/01/garden/?utm_source=rss</link>
		<dc:creator><![CDATA[office]]></dc:creator>
		<pubDate>Fri, 10 Jan 2025 09:30:00 +0000</pubDate>
		<category><![CDATA[News]]></category>
		<guid isPermaLink="false">https://example-primary.example/?p=4711</guid>
		<description><![CDATA[<p>Year 4 picked their first winter lettuces on Friday. Everyone had a leaf [&#8230;]</p>
<p>The post <a href="https://example-primary.example/2025/01/garden/">Year 4</a> appeared first on <a href="https://example-primary.example">Example Primary School</a>.</p>]]></description>
		<content:encoded><![CDATA[
<!-- wp:paragraph --><p>Year 4 picked their first winter lettuces on Friday. Everyone had a leaf &amp; a story.</p><!-- /wp:paragraph -->
<figure class="wp-block-image"><img decoding="async" src="https://example-primary.example/x.jpg" alt="IMG_1"/><figcaption>A child's name</figcaption></figure>
<ul class="wp-block-list"><li>12 lettuces</li><li>1 snail</li></ul>
<p>See <a href="/garden/?fbclid=abc">our garden page</a>. <a class="more-link" href="https://example-primary.example/2025/01/garden/#more-4711">Continue reading</a></p>
<p><a href="https://example-primary.example/2025/01/garden/#more-4711">Continue reading</a></p>
<p>The post <a href="https://example-primary.example/2025/01/garden/">Year 4</a> appeared first on <a href="https://example-primary.example">Example Primary School</a>.</p>
]]></content:encoded>
		<slash:comments>0</slash:comments>
	</item>
	<item>
		<title>A tent for quiet reading</title>
		<link>https://example-primary.example/2025/01/tent/</link>
		<pubDate>Wed, 08 Jan 2025 08:00:00 +0100</pubDate>
		<guid isPermaLink="false">https://example-primary.example/?p=4700</guid>
		<description><![CDATA[<p>Pupils sewed it themselves.</p>]]></description>
	</item>
</channel></rss>
"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">
  <title type="text">Specimen High School</title>
  <id>tag:specimen-high.example,2025:news</id>
  <updated>2025-01-09T12:00:00Z</updated>
  <link rel="self" href="https://specimen-high.example/atom.xml"/>
  <entry>
    <title type="html">Catching the &lt;em&gt;wind&lt;/em&gt; &amp;amp; light</title>
    <id>tag:specimen-high.example,2025:wind</id>
    <published>2025-01-08T10:00:00+00:00</published>
    <updated>2025-01-09T12:00:00Z</updated>
    <link rel="alternate" href="https://specimen-high.example/wind"/>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Three blades <strong>won</strong>.</p></div></content>
  </entry>
  <entry>
    <title>Plain words</title>
    <id>tag:specimen-high.example,2025:plain</id>
    <updated>2025-01-07T12:00:00Z</updated>
    <content type="text">One line.

Another, with 1 &lt; 2.</content>
  </entry>
</feed>
"""

RDF = """<?xml version="1.0" encoding="ISO-8859-1"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="https://sample.example/"><title>Sample Nursery</title><link>https://sample.example/</link></channel>
  <item rdf:about="https://sample.example/lettuce">
    <title>Caf\u00e9 for families</title>
    <link>https://sample.example/lettuce</link>
    <description>It opens on Mondays.</description>
    <dc:date>2025-01-06T09:00:00+00:00</dc:date>
  </item>
</rdf:RDF>
"""

OLD_RSS = """<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Model College</title><link>https://model.example</link>
<item><title>Open evening was full</title><link>https://model.example/open</link></item>
</channel></rss>
"""


def rss(*items: str, title: str = "Example School") -> bytes:
    return f'<rss version="2.0"><channel><title>{title}</title>{"".join(items)}</channel></rss>'.encode()


def item(title: str = "A story", text: str = "Words.", link: str = "https://school.example/a", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link><description><![CDATA[{text}]]></description>{more}</item>"
