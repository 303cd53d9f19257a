"""What mail servers say when a letter cannot be delivered, in the languages in which it comes back to us."""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


UNKNOWN = _any(
    r"user unknown|unknown (user|recipient|address|mailbox|account|local[- ]part)|unknown or illegal alias",
    r"no such (user|recipient|mailbox|address|person|account|local user|domain)|no mailbox|no valid recipient",
    r"user \S{1,80} (is )?(unknown|not (known|found))|illegal (host|user|alias)|bad destination",
    r"(user|recipient|mailbox|address|account|alias|domain)\W+(\w+ )?(was |is |has been |could )?(not (be )?(found|known|listed|present)|"
    r"unknown|invalid|unavailable|disabled|inactive|deactivated|suspended|discontinued|closed|deleted|expired|no longer)",
    r"(does|did|do) ?n[o'’]t (exist|have an? [\w.]* ?(account|mailbox))|not (exist|our customer|a valid (user|mailbox|recipient|address))",
    r"invalid (recipient|mailbox|address|user|final delivery)|not listed in|nosuchuser|recipientnotfound|resolver\.adr",
    r"unrouteable|unroutable|host (or domain name )?(unknown|not found)|unable to (find|resolve) (host|domain)|null mx|nullmx",
    r"recipient address rejected: access denied|no longer (active|valid|with|works|employed|in use|on server|available)",
    r"(address|account) (wasn['’]t|couldn['’]t be) found|can(no|['’])t (find|locate) (the |a )?(user|recipient|mailbox)",
    r"unbekannt|existiert nicht|nicht gefunden|kein (postfach|benutzer)|ung[üu]ltige?r? (empf|adresse)",
    r"inconnue?\b|n['’ ]existe pas|introuvable|adresse (invalide|erron[ée]e)|compte (ferm[ée]|d[ée]sactiv[ée])",
    r"no existe|desconocid[oa]|no encontrad[oa]|direcci[óo]n (no v[áa]lida|inv[áa]lida|incorrecta)|n[ãa]o existe|desconhecid[oa]|n[ãa]o encontrad[oa]",
    r"non esiste|sconosciut[oa]|inesistente|non trovat[oa]|onbekend|bestaat niet|niet gevonden",
    r"nieznany|nie istnieje|nie znaleziono|neexistuje|nezn[áa]m[ýy]|ok[äa]nd|finns inte|ukendt|findes ikke|ukjent|finnes ikke|ei ole olemassa",
    r"не существует|не найден|неизвестн|недоступен|存在しません|見つかりません|あて先.{0,10}不明|不存在|无效|bulunamad|mevcut de[ğg]il|ddim yn bodoli",
)
FULL = _any(
    r"quota|mailbox (is |was |size )?(full|exceeded)|(inbox|mailbox|account|user)[\w ]{0,20} (is |was )?(full|over)|over ?limit|out of storage",
    r"insufficient (system )?(storage|disk)|disk full|too (large|big|many|much)|exceed|not enough (space|room)",
    r"posteingang .{0,20}voll|postfach .{0,20}voll|speicherplatz|bo[îi]te .{0,25}pleine|bu[zs][óo]n .{0,20}lleno|caixa .{0,25}cheia",
    r"casella .{0,25}piena|postvak .{0,10}vol\b|skrzynka .{0,20}(pe[łl]na|przepe[łl]niona)|переполнен|メールボックス.{0,10}(一杯|いっぱい)|已满|已滿",
)
PASSING = _any(
    r"temporar|try again|timed? ?out|deferred|busy|unreachable|greylist|connection (refused|reset|lost)|retry time|too many hops|loop",
)
POLICY = _any(
    r"spam|blocked|black ?list|block ?list|deny ?list|reputation|policy|dmarc|dkim|\bspf\b|not (authori[sz]ed|permitted|allowed)|unauthenticated",
    r"relay(ing)? (access )?(denied|not)|unable to relay|content (rejected|filter)|virus|malware|phish|unsolicited|bulk mail|\brbl\b|\bdnsbl\b|junk",
    r"sender (address |e?-?mail )?(rejected|denied|blocked|not)|restricted|prohibit|access denied|banned|rejected (due to|by) (security|content|filter)",
    r"authentication[- ](required|results)|authrequired|administrative(ly)?|listed (at|by|in|on) ",
)
FAILED = _any(
    r"undeliver|non[- ]?deliver|delivery[\w -]{0,20}(failure|failed|problem|error|has failed|not possible)|delivery (status )?notification",
    r"(could|can|was|were|were|has|have) ?(not|n['’]t) (be |been )?(delivered|sent|accepted|reach)|not (be )?delivered|cannot be delivered|couldn['’]t deliver",
    r"returned (mail|to sender)|returning (message|your)|return(ed)? (message|e?-?mail) to sender|failure notice|failed (delivery|recipients?)|message not delivered",
    r"unable to deliver|(couldn['’]t|could not|wasn['’]t able to|was not able to|did not|didn['’]t|can(no|['’])t) (be )?(deliver|reach|send)|undelivered|mail system error|permanent(ly)? (fatal )?(error|fail)",
    r"did not reach|isn['’]t able to deliver|rejected (your|the|by|for)|was rejected|message (blocked|rejected)|(automatically |been )rejected|returned e?-?mail|mail failed|failed mail|address not found|transcript of session|delivery report",
    r"konnte[n]? .{0,40}nicht .{0,30}(zugestellt|zustellen|ausgeliefert)|unzustellbar|nicht zustellbar|zustellung.{0,30}(fehlgeschlagen|nicht)",
    r"n['’]a (pas )?pu [êe]tre (remis|d[ée]livr|distribu|achemin)|non (remis|distribu|d[ée]livr)|[ée]chec de (la )?(remise|distribution|livraison)",
    r"no se (ha podido|pudo|puede) (entregar|enviar)|no (ha podido|pudo) ser entregado|no entregad[oa]|error (de|en la) entrega|fallo en la entrega",
    r"n[ãa]o (p[ôo]de|foi poss[íi]vel|foi) (ser )?(entreg|envi)|falha na entrega|non [èe] (stato|stata) (possibile )?(recapitat|consegn)|impossibile (recapitare|consegnare)|mancat[oa] (recapito|consegna)",
    r"kon niet worden (bezorgd|afgeleverd)|niet (bezorgd|afgeleverd|bezorgen)|onbestelbaar|nie (mo[żz]na|mog[łl]a|uda[łl]o si[ęe]) .{0,30}dostarcz|niedostarcz|nedoručiteln|nelze doru",
    r"kunde inte levereras|obest[äa]llbart|kunne ikke leveres|kan ikke leveres|ei voitu toimittaa|не (было |может быть |удалось )?достав|невозможно доставить",
    r"配信(できません|に失敗|不能)|お届けできません|送信できません|退信|无法投递|無法投遞|投递失败|iletilemedi|teslim edilemedi",
)
DELAYED = _any(
    r"delay(ed)?\b|will (be retried|keep trying|continue to try|retry)|still (being )?(retried|trying)|(not|n['’]t) (yet )?(been )?(delivered|sent) (after|for|within)",
    r"warning(:| message)|temporary (failure|problem|error)|do not need to resend|has not (yet )?been delivered|deferred|retr(y|ies) (for|until)",
    r"verz[öo]ger|erneut (versucht|zuzustellen)|retard|retras|ritardo|vertrag|op[óo][źz]ni|задерж|遅延|遅れて|延迟",
)
FINAL = _any(
    r"giving up|gave up|given up|permanent|fatal|has expired|expired|too old|no further|final|not be retried|retry timeout exceeded|failed\b"
)
AWAY = _any(
    r"\s*(re: |aw: |sv: )?(automatic repl|auto(mati[ck]|matische|mated|m[áa]tic[oa]|matica)?[- ]?(\w+ )?(re(ply|sponse|sponder)|antwort|svar|antwoord))",
    r"\s*(re: )?(out[- ]of[- ](the[- ])?office|abwesenheit|au[sß]s?er haus|r[ée]ponse automatique|respuesta autom[áa]tica|resposta autom[áa]tica)",
    r"\s*(risposta automatica|fuori sede|fuera de (la )?oficina|automatisch antwoord|autosvar|autoodpowied|автоответ|自動返信|自动回复|自動回覆|ymateb awtomatig|allan o'r swyddfa)",
)
# Looser: enough not to take an answer for a bounce, not enough to pass over a person's mail.
LEFT = _any(
    r"\s*(re: )?(ooo\b|away|absen|ausente|assen[tz]|afwezig|fr[åa]nvaro|frav[æa]r|poza biurem|вне офиса|不在|holiday|vacation|(i am |i['’]m |currently )*(on|off|not) \w+)"
)
