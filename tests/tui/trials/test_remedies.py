"""Where a test of a template leads that made no stream."""

from __future__ import annotations

import pytest
import yaml

from core.connector import load_connector
from core.events import Outcome
from core.http.exchange import Role
from core.manifest.document import Document
from docs.component_reference import minimal_manifest
from tests.tui.trials.support import asked
from tui.trials.remedies import where_to_fix
from tui.trials.state import TrialState
from tui.trials.trial import Trial


@pytest.mark.parametrize("role", [Role.AUTH, Role.PARENT])
def test_a_list_that_python_code_reads_leads_to_what_the_template_is_made_of(role: Role) -> None:
    manifest = minimal_manifest()
    template = manifest.pop("streams")[0]
    resolver = {
        "type": "HttpComponentsResolver",
        "retriever": {"type": "CustomRetriever", "class_name": "source_declarative_manifest.components.Tables"},
        "components_mapping": [
            {"type": "ComponentMappingDefinition", "field_path": ["name"], "value": "{{ components_values['name'] }}"}
        ],
    }
    made = {
        "type": "DynamicDeclarativeStream",
        "name": "t",
        "stream_template": template,
        "components_resolver": resolver,
    }
    manifest["dynamic_streams"] = [made]
    connector = load_connector(Document.parse(yaml.safe_dump(manifest), "m.yaml"))
    trial = Trial(TrialState("t"))
    trial.template = connector.templates[0].definition
    trial.take(asked(role, 200, slice_=None))
    trial.state.end(Outcome.FAILED, "No stream is made from this template.")
    remedy = where_to_fix(trial)
    assert remedy is not None
    assert (remedy.path, remedy.of_template) == (("components_resolver",), True)
