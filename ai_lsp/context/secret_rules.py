"""What secrets look like: a row per vendor's key format, and which rules of the detect-secrets library are used.

Formats are those that vendors publish so that scanners can find leaked keys. The library brings rules of its
own, maintained by others; the few of them that ours replace are named with the reason.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass

LIBRARY = "detect_secrets.plugins"


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern. It is tried only on text that holds one of `triggers`, in lower case.

    The secret is the last group that matched, or the whole match. `needs_run` spares the pattern on text
    without RUN characters in a row that could be a key; `is_certain` spares the match every doubt.
    """

    kind: str
    triggers: tuple[str, ...]
    pattern: re.Pattern[str]
    needs_run: bool = True
    is_certain: bool = False


RUN = 20


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """Keys that begin with `prefix`, then at least `tail` characters of the alphabet (a regex class)."""

    kind: str
    prefix: str
    tail: int
    alphabet: str = r"\w\-"

    def rule(self) -> Rule:
        pattern = rf"(?<![A-Za-z0-9]){re.escape(self.prefix)}[{self.alphabet}]{{{self.tail},500}}"
        return Rule(self.kind, (self.prefix.lower(),), re.compile(pattern, re.ASCII), self.tail >= RUN)


FORMATS: tuple[KeyFormat, ...] = (
    KeyFormat("anthropic", "sk-ant-", 20),
    KeyFormat("openai", "sk-proj-", 20),
    KeyFormat("openai", "sk-svcacct-", 20),
    KeyFormat("openai", "sk-admin-", 20),
    KeyFormat("openrouter", "sk-or-v1-", 20),
    KeyFormat("api_key", "sk-", 32),  # OpenAI's older keys and those of the many who copied the form
    KeyFormat("groq", "gsk_", 20),
    KeyFormat("xai", "xai-", 40),
    KeyFormat("nvidia", "nvapi-", 20),
    KeyFormat("perplexity", "pplx-", 30),
    KeyFormat("replicate", "r8_", 30),
    KeyFormat("huggingface", "hf_", 30),
    KeyFormat("huggingface", "api_org_", 30),
    KeyFormat("tavily", "tvly-", 20),
    KeyFormat("google", "AIza", 35),
    KeyFormat("google", "ya29.", 20),
    KeyFormat("google", "GOCSPX-", 20),
    KeyFormat("github", "github_pat_", 30),
    KeyFormat("github", "ghp_", 36),
    KeyFormat("github", "gho_", 36),
    KeyFormat("github", "ghu_", 36),
    KeyFormat("github", "ghs_", 36),
    KeyFormat("github", "ghr_", 36),
    KeyFormat("gitlab", "glpat-", 20, r"\w\-."),
    KeyFormat("gitlab", "gldt-", 20),
    KeyFormat("gitlab", "glrt-", 20, r"\w\-."),
    KeyFormat("gitlab", "glptt-", 20),
    KeyFormat("gitlab", "gloas-", 20),
    KeyFormat("bitbucket", "ATBB", 28),
    KeyFormat("atlassian", "ATATT3", 60, r"\w\-="),
    KeyFormat("npm", "npm_", 36),
    KeyFormat("pypi", "pypi-AgE", 50),
    KeyFormat("rubygems", "rubygems_", 40),
    KeyFormat("docker", "dckr_pat_", 20),
    KeyFormat("docker", "dckr_oat_", 20),
    KeyFormat("slack", "xoxb-", 20),
    KeyFormat("slack", "xoxp-", 20),
    KeyFormat("slack", "xoxe-", 20),
    KeyFormat("slack", "xoxe.", 20, r"\w\-."),
    KeyFormat("slack", "xoxs-", 20),
    KeyFormat("slack", "xoxa-", 20),
    KeyFormat("slack", "xoxr-", 20),
    KeyFormat("slack", "xoxc-", 20),
    KeyFormat("slack", "xoxd-", 16, r"\w\-%"),
    KeyFormat("slack", "xapp-", 20),
    KeyFormat("stripe", "sk_live_", 16),
    KeyFormat("stripe", "sk_test_", 16),
    KeyFormat("stripe", "rk_live_", 16),
    KeyFormat("stripe", "sk_prod_", 16),
    KeyFormat("stripe", "rk_prod_", 16),
    KeyFormat("stripe", "rk_test_", 16),
    KeyFormat("stripe", "whsec_", 24, r"\w\-+/="),
    KeyFormat("shopify", "shpat_", 32),
    KeyFormat("shopify", "shpca_", 32),
    KeyFormat("shopify", "shppa_", 32),
    KeyFormat("shopify", "shpss_", 32),
    KeyFormat("square", "sq0atp-", 20),
    KeyFormat("square", "sq0csp-", 20),
    KeyFormat("square", "EAAA", 22),
    KeyFormat("razorpay", "rzp_live_", 14),
    KeyFormat("mailgun", "key-", 32, "0-9a-f"),
    KeyFormat("sendgrid", "SG.", 40, r"\w\-.="),
    KeyFormat("sendinblue", "xkeysib-", 60),
    KeyFormat("digitalocean", "dop_v1_", 40),
    KeyFormat("digitalocean", "doo_v1_", 40),
    KeyFormat("digitalocean", "dor_v1_", 40),
    KeyFormat("vault", "hvs.", 20),
    KeyFormat("vault", "hvb.", 20),
    KeyFormat("age", "AGE-SECRET-KEY-1", 40),
    KeyFormat("postman", "PMAK-", 40),
    KeyFormat("figma", "figd_", 30),
    KeyFormat("grafana", "glsa_", 30),
    KeyFormat("grafana", "glc_", 30, r"\w\-+/="),
    KeyFormat("newrelic", "NRAK-", 20),
    KeyFormat("sentry", "sntrys_", 40, r"\w\-+/=."),
    KeyFormat("sentry", "sntryu_", 40),
    KeyFormat("databricks", "dapi", 32, r"0-9a-f\-"),
    KeyFormat("dynatrace", "dt0c01.", 60, r"\w\-."),
    KeyFormat("linear", "lin_api_", 30),
    KeyFormat("notion", "ntn_", 30),
    KeyFormat("doppler", "dp.pt.", 30),
    KeyFormat("pulumi", "pul-", 40, "0-9a-f"),
    KeyFormat("planetscale", "pscale_tkn_", 30, r"\w\-.="),
    KeyFormat("planetscale", "pscale_pw_", 30, r"\w\-.="),
    KeyFormat("supabase", "sbp_", 40),
    KeyFormat("netlify", "nfp_", 36),
    KeyFormat("heroku", "HRKU-", 36),
    KeyFormat("tailscale", "tskey-", 20),
    KeyFormat("nuget", "oy2", 43, "a-z0-9"),
    KeyFormat("contentful", "CFPAT-", 40),
    KeyFormat("alibaba", "LTAI", 20, "A-Za-z0-9"),
    KeyFormat("onepassword", "ops_eyJ", 60, r"\w\-+/="),
    KeyFormat("hubspot", "pat-na1-", 30),
    KeyFormat("airtable", "patA", 60, r"\w."),
    KeyFormat("fly", "fm2_", 60, r"\w\-+/="),
    KeyFormat("facebook", "EAACEdEose0cBA", 20, "A-Za-z0-9"),
    KeyFormat("gitlab", "glft-", 20),
    KeyFormat("gitlab", "glffct-", 20),
    KeyFormat("gitlab", "glsoat-", 20),
    KeyFormat("gitlab", "glcbt-", 20),
    KeyFormat("gitlab", "GR1348941", 20),
    KeyFormat("gitlab", "_gitlab_session=", 32),
    KeyFormat("clojars", "CLOJARS_", 40),
    KeyFormat("duffel", "duffel_live_", 30, r"\w\-="),
    KeyFormat("duffel", "duffel_test_", 30, r"\w\-="),
    KeyFormat("easypost", "EZAK", 54, "A-Za-z0-9"),
    KeyFormat("easypost", "EZTK", 54, "A-Za-z0-9"),
    KeyFormat("flutterwave", "FLWSECK", 12),
    KeyFormat("frameio", "fio-u-", 40, r"\w\-="),
    KeyFormat("harness", "pat.", 40, r"\w\-."),
    KeyFormat("harness", "sat.", 40, r"\w\-."),
    KeyFormat("infracost", "ico-", 30),
    KeyFormat("intra42", "s-s4t2", 60),
    KeyFormat("octopus", "API-", 26, "A-Z0-9"),
    KeyFormat("openshift", "sha256~", 40),
    KeyFormat("planetscale", "pscale_oauth_", 30, r"\w\-.="),
    KeyFormat("prefect", "pnu_", 36),
    KeyFormat("readme", "rdme_", 60),
    KeyFormat("scalingo", "tk-us-", 40),
    KeyFormat("settlemint", "sm_aat_", 16),
    KeyFormat("settlemint", "sm_pat_", 16),
    KeyFormat("settlemint", "sm_sat_", 16),
    KeyFormat("shippo", "shippo_live_", 40),
    KeyFormat("shippo", "shippo_test_", 40),
    KeyFormat("sourcegraph", "sgp_", 40),
    KeyFormat("sonar", "sqa_", 40, r"\w\-="),
    KeyFormat("sonar", "sqp_", 40, r"\w\-="),
    KeyFormat("sonar", "squ_", 40, r"\w\-="),
    KeyFormat("artifactory", "cmVmd", 59, "A-Za-z0-9"),
    KeyFormat("aws", "ABSK", 100, r"\w\-+/="),
    KeyFormat("aws", "bedrock-api-key-", 20, r"\w\-+/="),
    KeyFormat("facebook", "EAAM", 90, "A-Za-z0-9"),
    KeyFormat("facebook", "EAAC", 90, "A-Za-z0-9"),
    KeyFormat("fly", "fm1r_", 60, r"\w\-+/="),
    KeyFormat("fly", "fm1a_", 60, r"\w\-+/="),
    KeyFormat("fly", "fo1_", 40),
    KeyFormat("newrelic", "NRII-", 28),
    KeyFormat("grafana", "eyJrIjoi", 60, r"\w\-+/="),
    KeyFormat("jwt", "ZXlK", 40, r"\w\-+/="),
    KeyFormat("adobe", "p8e-", 32),
    KeyFormat("yandex", "AQVN", 34),
    KeyFormat("onepassword", "A3-", 30, "A-Z0-9-"),
)
"""The longer prefix stands first where one begins with another."""

_S = r"[^\S\n]"

GENERAL: tuple[Rule, ...] = (
    Rule(
        "aws",
        ("akia", "asia", "abia", "acca", "a3t"),
        re.compile(r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{12,}"),
        needs_run=False,
    ),
    Rule("jwt", ("eyj",), re.compile(r"(?<![A-Za-z0-9])eyJ[\w\-]{10,4000}\.[\w\-.+/=]{10,8000}", re.ASCII)),
    Rule("azure", ("q~",), re.compile(r"(?<![\w~.\-])[\w~.]{3}\dQ~[\w~.\-]{31,34}(?![\w~.\-])"), needs_run=False),
    Rule("terraform", (".atlasv1.",), re.compile(r"\w{14}\.atlasv1\.[\w\-=]{60,80}")),
    Rule("twilio", ("sk",), re.compile(r"(?<![A-Za-z0-9])SK[0-9a-fA-F]{32}(?![A-Za-z0-9])")),
    Rule("facebook", ("|",), re.compile(r"(?<!\d)\d{15,16}\|[\w\-]{27,40}")),
    Rule("aws", ("amzn.mws.",), re.compile(r"amzn\.mws\.[0-9a-f\-]{36}")),
    Rule(
        "password",
        ("://",),
        re.compile(r"\b[a-zA-Z][\w+.\-]{1,30}://[^\s/:@\"'`<>]{0,100}:([^\s/@\"'`<>]{3,200})@(?=[\w\[{$%])"),
        needs_run=False,
    ),
    Rule(
        "password",
        ("password", "pwd"),
        re.compile(rf";{_S}*(?:password|pwd){_S}*={_S}*([^;\"'\n]{{4,200}})", re.IGNORECASE),
        needs_run=False,
    ),
    Rule(
        "azure",
        ("accountkey", "sharedaccesskey", "sharedsecretvalue"),
        re.compile(r"(?:AccountKey|SharedAccessKey|SharedSecretValue)=([A-Za-z0-9+/=]{20,200})"),
    ),
    Rule("azure", ("sig=",), re.compile(r"[?&]sig=([A-Za-z0-9%+/=]{30,200})")),
    Rule(
        "authorization",
        ("bearer", "basic", "token"),
        re.compile(r"\b(?:bearer|basic|token)\s+([\w\-.~+/]{20,4000}={0,2})", re.IGNORECASE | re.ASCII),
    ),
    Rule(
        "webhook",
        ("hooks.slack.com", "discord.com/api/webhooks", "discordapp.com/api/webhooks", "webhook.office.com"),
        re.compile(
            r"(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks"
            r"|webhook\.office\.com/webhookb2)/([\w\-/@.]{16,400})"
        ),
        needs_run=False,
    ),
    Rule(
        "password",
        ("curl",),
        re.compile(r"\bcurl\b.{0,300}?\s(?:-u|--user)[\s=]+[\"']?[^\s:\"']+:([^\s\"']{3,200})"),
        False,
    ),
)

USED: dict[str, tuple[str, tuple[str, ...]]] = {
    "ArtifactoryDetector": ("artifactory", ("akc", "artifactory")),
    "AWSKeyDetector": ("aws", ("akia", "asia", "abia", "acca", "a3t", "aws")),
    "AzureStorageKeyDetector": ("azure", ("accountkey=",)),
    "CloudantDetector": ("cloudant", ("cloudant", "clou")),
    "DiscordBotTokenDetector": ("discord", ("discord", "bot")),
    "GitHubTokenDetector": ("github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    "GitLabTokenDetector": (
        "gitlab",
        ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glcbt-", "glimt-", "glptt-", "glagent-", "gloas-"),
    ),
    "IbmCloudIamDetector": ("ibm", ("ibm", "iam", "cloud")),
    "IbmCosHmacDetector": ("ibm", ("secret",)),
    "MailchimpDetector": ("mailchimp", ("-us",)),
    "NpmDetector": ("npm", (":_authtoken",)),
    "OpenAIDetector": ("openai", ("t3blbkfj",)),
    "PypiTokenDetector": ("pypi", ("pypi-ag",)),
    "SendGridDetector": ("sendgrid", ("sg.",)),
    "SlackDetector": ("slack", ("xox", "hooks.slack.com")),
    "SoftlayerDetector": ("softlayer", ("softlayer", "sl_", "sl-")),
    "SquareOAuthDetector": ("square", ("sq0csp",)),
    "StripeDetector": ("stripe", ("k_live_",)),
    "TelegramBotTokenDetector": ("telegram", ("telegram", "bot")),
    "TwilioKeyDetector": ("twilio", ("twilio", "sid")),
}
"""Detectors of the library: our kind, and words that stand near such a key; most are part of it."""

LEFT_OUT = {
    "BasicAuthDetector": "ours also takes passwords with ! $ & and the like",
    "JwtTokenDetector": "it leaves the signature out, and takes seconds on a long line; ours does neither",
    "PrivateKeyDetector": "it names the first line of a key; ours covers the key",
    "IPPublicDetector": "an address is no secret, and version numbers look like one",
    "KeywordDetector": "it takes whole values of any name that holds a keyword; ours looks at name and value",
    "Base64HighEntropyString": "it takes hashes and long identifiers; ours asks for a telling name",
    "HexHighEntropyString": "it takes hashes and long identifiers; ours asks for a telling name",
}


def library_rules() -> Iterator[Rule]:
    """The library's patterns. The first call imports it, 0.2 s of CPU: never on the event loop."""
    package = importlib.import_module(LIBRARY)
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{LIBRARY}.{found.name}")
        for name, (kind, triggers) in USED.items():
            for pattern in getattr(getattr(module, name, None), "denylist", ()):
                yield Rule(kind, triggers, pattern)


def own_rules() -> Iterator[Rule]:
    """The rules of this file."""
    yield from GENERAL
    for form in FORMATS:
        yield form.rule()
