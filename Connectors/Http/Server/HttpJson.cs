using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Serialization without reflection.</summary>
[JsonSerializable(typeof(JsonNode))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonArray))]
[JsonSerializable(typeof(IDictionary<string, JsonElement>))]
internal sealed partial class HttpJson : JsonSerializerContext;
