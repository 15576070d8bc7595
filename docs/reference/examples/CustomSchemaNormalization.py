from airbyte_cdk.sources.utils.transform import TransformConfig, TypeTransformer


class Capitals(TypeTransformer):
    def __init__(self, *args, **kwargs):
        super().__init__(TransformConfig.CustomSchemaNormalization)
        self.registerCustomTransform(self._capitals)

    @staticmethod
    def _capitals(value, schema):
        return value.upper() if schema.get("type") == "string" else value
