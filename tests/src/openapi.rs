//! The OpenAPI document, and checks of answers against it.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::Answer;

/// The document of `contacts openapi`.
#[derive(Debug)]
pub struct OpenApi(Value);

/// One endpoint of the document.
#[derive(Debug)]
pub struct Operation<'d> {
    document: &'d OpenApi,
    /// The path, with its parameters in braces.
    pub path: &'d str,
    /// The method, in capitals.
    pub method: String,
    described: &'d Value,
}

impl OpenApi {
    /// The document that this code generates.
    #[must_use]
    pub fn read() -> Self {
        Self(serde_json::to_value(contacts::openapi::document().unwrap()).unwrap())
    }

    /// All endpoints.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.iter().map(move |(method, described)| Operation {
                document: self,
                path,
                method: method.to_uppercase(),
                described,
            })
        });
        operations.collect()
    }

    /// The endpoint with this id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Operation<'_> {
        let mut operations = self.operations().into_iter();
        operations.find(|operation| operation.id() == id).unwrap()
    }

    /// The names of the schemas.
    #[must_use]
    pub fn schema_names(&self) -> Vec<&String> {
        let schemas = self.0["components"]["schemas"].as_object().unwrap();
        schemas.keys().collect()
    }

    /// The schema with this name, without a validator.
    #[must_use]
    pub fn named_schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(schema.is_object(), "{name}");
        schema
    }

    /// The violations of a schema in `value`, with their places. The list is empty for a valid value.
    #[must_use]
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        self.validator(schema)
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// A validator for a schema of the document.
    #[must_use]
    pub fn validator(&self, schema: &Value) -> Validator {
        // OpenAPI 3.1 uses JSON Schema 2020-12, so the schemas need no conversion.
        let schema = json!({ "allOf": [schema], "components": self.0["components"] });
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&schema).unwrap()
    }

    /// The value at this place, or the target of its reference.
    fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value.get("$ref") {
            Some(reference) => {
                let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
                self.0.pointer(pointer).unwrap()
            }
            None => value,
        }
    }
}

impl<'d> Operation<'d> {
    /// Its id: the name of the function.
    #[must_use]
    pub fn id(&self) -> &'d str {
        self.described["operationId"].as_str().unwrap()
    }

    /// The name of the endpoint's security scheme.
    #[must_use]
    pub fn security_scheme(&self) -> &'d str {
        let [requirement] = self.described["security"].as_array().unwrap().as_slice() else {
            panic!("{} has not exactly one way to authorize", self.id());
        };
        requirement.as_object().unwrap().keys().next().unwrap()
    }

    /// The path with the query, built from the examples of the parameters.
    #[must_use]
    pub fn example_path(&self) -> String {
        let mut path = self.path.to_owned();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for parameter in self.described["parameters"].as_array().unwrap() {
            let parameter = self.document.resolved(parameter);
            let name = parameter["name"].as_str().unwrap();
            match (parameter["in"].as_str().unwrap(), &parameter["example"]) {
                ("path", Value::String(example)) => {
                    path = path.replace(&format!("{{{name}}}"), example);
                }
                ("query", Value::String(example)) => {
                    query.append_pair(name, example);
                }
                ("header" | "query", _) if parameter["required"] == false => {}
                (place, example) => panic!("{}: {place} {name} {example}", self.id()),
            }
        }
        match query.finish().as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }

    /// The schema and the example of the body, if the endpoint takes a body.
    #[must_use]
    pub fn body(&self) -> Option<(&'d Value, &'d Value)> {
        let content = self.described.get("requestBody")?;
        let content = &content["content"]["application/json"];
        Some((&content["schema"], &content["example"]))
    }

    /// The documented answers, by status.
    #[must_use]
    pub fn answers(&self) -> Vec<(u16, &Value)> {
        let answers: &Map<_, _> = self.described["responses"].as_object().unwrap();
        answers
            .iter()
            .map(|(status, answer)| (status.parse().unwrap(), self.document.resolved(answer)))
            .collect()
    }

    /// The documented answer with this status, if there is one.
    #[must_use]
    pub fn answer(&self, status: u16) -> Option<&Value> {
        let answers = self.answers();
        let mut answers = answers.into_iter();
        answers
            .find(|(described, _)| *described == status)
            .map(|(_, answer)| answer)
    }

    /// The differences between an answer and the document. The list is empty for a correct answer.
    #[must_use]
    pub fn faults(&self, answer: &Answer) -> Vec<String> {
        let Some(described) = self.answer(answer.status) else {
            return vec![format!("{} is not described", answer.status)];
        };
        let mut faults = Vec::new();
        for (name, header) in described["headers"].as_object().unwrap() {
            let header = self.document.resolved(header);
            match answer.header(name) {
                Some(text) => {
                    let integer = text.parse::<u64>().ok();
                    let value = match header["schema"]["type"].as_str() {
                        Some("integer") => json!(integer),
                        _ => json!(text),
                    };
                    let of_header = self.document.faults(&header["schema"], &value);
                    faults.extend(of_header.iter().map(|fault| format!("{name} {fault}")));
                }
                None if header["required"] == true => faults.push(format!("there is no {name}")),
                None => {}
            }
        }
        match described.get("content") {
            Some(content) => {
                if answer.header("content-type") != Some("application/json") {
                    faults.push("it is not JSON".to_owned());
                }
                let schema = &content["application/json"]["schema"];
                faults.extend(self.document.faults(schema, &answer.body));
            }
            None if answer.body.is_null() => {}
            None => faults.push("there is a body".to_owned()),
        }
        faults
    }
}
