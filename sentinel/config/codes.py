"""Every code that a problem may have, with the sentence that explains it. Codes never change meaning."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "E101": "The file is not valid TOML.",
        "E102": "The file cannot be read, or it is not UTF-8 text.",
        "E103": "The key or table has no meaning here.",
        "E104": "A key that is needed is missing.",
        "E105": "The value is of the wrong kind: a number where text is wanted, text where a list is.",
        "E106": "The value is outside of what is allowed.",
        "E107": "The clear condition contradicts the breach condition.",
        "E108": "The condition, once true, could never clear.",
        "E109": "The condition cannot be understood.",
        "E110": "The condition names a metric that neither Sentinel nor the source's columns have.",
        "E111": "A unit in the condition is unknown, or does not fit the metric.",
        "E112": "Two things of one kind have the same name, or are told apart by nothing in the environment.",
        "E113": "No source has this name.",
        "E114": "No receiver has this name.",
        "E115": "Several sources are declared, so it must be said which one is meant.",
        "E116": "A rule asks either for levels of the hierarchy or for one path.",
        "E117": "A rule needs a warning or a critical condition.",
        "E118": "no_data_after must be at least twice as long as every, or one late answer counts as missing data.",
        "E119": "The time zone is not in the IANA database.",
        "E120": "A credential stands in the file; credentials belong into the environment.",
        "E121": "Plain HTTP to another machine needs insecure = true.",
        "E122": "The e-mail address cannot be used.",
        "E123": "This part of the configuration is not available yet.",
        "E124": "A duration is a number with a unit in quotes: 30s, 10m, 4h, 7d.",
        "E125": "The URL cannot be used.",
        "E126": "A declared service is one service, not a pattern.",
        "E127": "Rules and services need a source, and none is declared.",
        "E128": "A receiver needs at least one channel.",
        "E129": "The hierarchy of the source has no such level.",
        "E130": "The Slack channel cannot be used.",
        "E131": "Sentinel never asks link-local and cloud metadata addresses.",
        "E201": "A variable of the environment cannot be used.",
        "E202": "The address of SENTINEL_HTTP_BIND cannot be listened on.",
        "E203": "The settings of a source cannot be used.",
        "E204": "An HTTP door that other machines can reach asks for a token.",
        "W101": "A rule asks more often than the figures of its source move.",
        "W102": "No route can ever receive what the rule finds.",
        "W103": "Nobody is told anything.",
        "W104": "No route names this receiver.",
        "W105": "The condition can never be true.",
        "W106": "The file has no rule, so nothing is watched.",
        "W107": "A route behind one that takes everything is never reached.",
        "W108": "An override behind one that takes all of its nodes is never used.",
        "W109": "Nobody is told when the source itself gives no data.",
        "W110": "A route asks for something that nothing in the file has.",
        "W111": "A rule names a service by an identifier that no [[service]] declares.",
        "W112": "The source declares its levels, but none of this hierarchy.",
        "W113": "A share of a whole is compared with many times the whole.",
        "W114": "The setting is checked, but not acted upon yet.",
        "W201": "A variable begins with SENTINEL_ but means nothing.",
        "W202": "A variable belongs to something that the rules file does not have.",
        "W203": "A variable that the rules file makes necessary is not set.",
    }
)
"""Code -> one sentence. E refuses the configuration, W does not; from 200 on it is about the environment."""
