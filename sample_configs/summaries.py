"""What to choose a sample by, without reading any: its title, its kind of API and what is special about it."""

from __future__ import annotations

from dataclasses import dataclass

_BY_KIND = {
    "Exports of marketing tools": {
        "sendgrid_contacts": ("SendGrid contacts", "the simplest job"),
        "sendgrid_contacts_gzip": ("SendGrid contacts, compressed", "in gzip, with shared parts"),
        "marketo": ("Marketo leads", "jobs that have to be started"),
        "braze": ("Braze users", "no status: 404 until it is there"),
        "iterable": ("Iterable sends", "the links come in pages"),
    },
    "Rows of SQL queries": {
        "snowflake": ("Snowflake query", "columns told apart from the rows"),
        "bigquery": ("BigQuery query", "failed jobs are DONE, too"),
        "databricks": ("Databricks statement", "links that expire, one per chunk"),
        "athena": ("Amazon Athena query", "signed requests, to one address"),
        "trino": ("Trino query", "the rows come with the polls"),
        "salesforce_bulk_query": ("Salesforce bulk query", "CSV in pages; abort and delete"),
    },
    "Reports": {
        "ads_report": ("Ads report", "weeks, four at a time; incremental"),
        "amazon_sp_api": ("Amazon Selling Partner listings", "links that live five minutes"),
        "microsoft_ads": ("Microsoft Advertising campaigns", "polled by POST; CSV in a zip"),
        "stripe_report_run": ("Stripe report runs", "forms, not JSON; incremental"),
        "qualtrics_responses": ("Qualtrics responses", "a job for each survey; zip files"),
    },
    "By GraphQL, from an archive": {
        "shopify_bulk_operation": ("Shopify bulk operation", "GraphQL; JSON Lines"),
        "github_migrations": ("GitHub migrations", "many files in one archive"),
    },
    "At once, page by page": {
        "orders_paginated": ("Shop orders", "no job: three ways of paging"),
        "crm_tables": ("CRM tables", "a stream for each table"),
    },
}
"""The kinds, and in each the titles and specialties of the samples by name; the simplest sample is the first."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A line about a sample."""

    name: str
    title: str
    kind: str
    special: str


def summaries() -> list[Summary]:
    """One for each sample, those of a kind together."""
    return [
        Summary(name, title, kind, special)
        for kind, samples in _BY_KIND.items()
        for name, (title, special) in samples.items()
    ]
