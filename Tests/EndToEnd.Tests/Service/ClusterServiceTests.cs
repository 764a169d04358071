using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.EndToEnd.Tests.Http;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The built program as a host of a cluster, with certificates made by the documented commands.</summary>
public sealed partial class ClusterServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-service-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Hosts_answer_each_other_with_certificates_by_the_documented_commands()
    {
        await MakeCertificatesAsync();
        var (camera, inference, mqtt, http) = (Mosquitto.FreePort(), Mosquitto.FreePort(), Mosquitto.FreePort(), Mosquitto.FreePort());
        var inferenceFile = Write("inference", inference, inference, $"\"Model\": {{ \"Path\": {JsonSerializer.Serialize(DemoModel.Folder.FolderPath)} }}");
        var cameraFile = Write("camera", camera, inference, $$"""
            "Mqtt": { "Broker": "embedded", "Port": {{mqtt}} }, "Http": { "Listen": "127.0.0.1:{{http}}" },
            "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(DemoModel.Clip)}}, "Loop": true, "Questions": { "p": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.2" } } } }
            """);
        await using var host = EdgeProcess.Start("run", "--config", inferenceFile);
        await using var service = EdgeProcess.Start("run", "--config", cameraFile);
        await service.LogsAsync("publishes to");
        var answer = MosquittoTool.Run(
            "mosquitto_sub",
            new Uri($"mqtt://127.0.0.1:{mqtt}"),
            ["-t", "mobilevlm/camera/gate/p/answer", "-C", "1", "-W", "90"]);
        using var json = JsonDocument.Parse(answer);
        Assert.Equal($"127.0.0.1:{inference}", json.RootElement.GetProperty("host").GetString());

        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{http}/") };
        await AssertPicturesGoToTheOtherHostAsync(client, $"127.0.0.1:{inference}");
        await AssertTextsAreRefusedAsync(client);

        // Doctor connects as the camera host would.
        var findings = await ClusterChecks.RunAsync(EdgeConfiguration.Load(cameraFile), TimeProvider.System, CancellationToken.None);
        var texts = findings.Select(finding => finding.ToString()).ToList();
        Assert.Contains(texts, text => text.Contains($"127.0.0.1:{inference} accepts encrypted connections", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("more days", StringComparison.Ordinal));
        Assert.DoesNotContain(findings, finding => finding.Kind == FindingKind.Bad);
    }

    private static async Task AssertPicturesGoToTheOtherHostAsync(HttpClient client, string host)
    {
        const string Question = """{ "questions": [{ "ask": "Is there a person?", "answer": "YesNo" }] }""";
        using var question = new StringContent(Question);
        using var ofCamera = await client.PostAsync(new Uri("api/v1/cameras/gate/ask", UriKind.Relative), question);
        var picture = await client.GetByteArrayAsync(new Uri("api/v1/cameras/gate/snapshot.jpg", UriKind.Relative));
        using var body = new ByteArrayContent(picture);
        using var ofPicture = await client.PostAsync(new Uri("api/v1/ask?question=Is%20there%20a%20person%3F&answer=YesNo", UriKind.Relative), body);
        foreach (var response in (HttpResponseMessage[])[ofCamera, ofPicture])
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, text);
            using var json = JsonDocument.Parse(text);
            Assert.Equal("mobilevlm-demo-gate", json.RootElement.GetProperty("model").GetString());
            var answer = json.RootElement.GetProperty("answers")[0];
            Assert.Equal(host, answer.GetProperty("host").GetString());
            Assert.Contains(answer.GetProperty("value").GetString(), (string[])["yes", "no", "unknown"]);
        }
    }

    private static async Task AssertTextsAreRefusedAsync(HttpClient client)
    {
        const string Chat = """{ "model": "mobilevlm-demo-gate", "messages": [{ "role": "user", "content": "Hello" }] }""";
        foreach (var path in (string[])["v1/chat/completions", "api/chat"])
        {
            using var body = new StringContent(Chat);
            using var response = await client.PostAsync(new Uri(path, UriKind.Relative), body);
            var text = await response.Content.ReadAsStringAsync();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Contains("Http:Listen", text, StringComparison.Ordinal);
            Assert.Contains("(127.0.0.1)", text, StringComparison.Ordinal);
        }

        var models = await client.GetStringAsync(new Uri("v1/models", UriKind.Relative));
        using var list = JsonDocument.Parse(models);
        Assert.Equal(0, list.RootElement.GetProperty("data").GetArrayLength());
    }

    [BrowserFact]
    public async Task The_page_shows_the_other_host_and_that_it_is_killed()
    {
        var (camera, inference) = (Mosquitto.FreePort(), Mosquitto.FreePort());
        await using var host = EdgeProcess.Start("run", "--config", Write(
            "inference", inference, inference, $"\"Model\": {{ \"Path\": {JsonSerializer.Serialize(DemoModel.Folder.FolderPath)} }}", isSecure: false));
        await using var service = EdgeProcess.Start("run", "--config", Write("camera", camera, inference, $$"""
            "Http": { "Listen": "127.0.0.1:0" },
            "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(DemoModel.Clip)}}, "Loop": true, "Questions": { "p": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.2" } } } }
            """, isSecure: false));
        var address = await service.ReadyAsync();
        var folder = Environment.GetEnvironmentVariable("MOBILEVLM_SCREENSHOTS");
        await using var browser = BrowserScenarios.Start(
            new JsonObject { ["address"] = address.ToString(), ["host"] = $"127.0.0.1:{inference}", ["folder"] = folder }, "cluster");
        await browser.PrintsAsync("KILL");
        host.Kill();
        browser.Send("killed");
        Assert.True(await browser.ExitAsync() == 0, $"{browser.Output}\n{service.Errors}");
    }

    [Fact]
    public async Task Doctor_names_a_certificate_of_another_authority_and_a_host_that_is_not_there()
    {
        await MakeCertificatesAsync();
        File.Move(Path.Combine(_folder, "authority.crt"), Path.Combine(_folder, "old.crt"));
        File.Move(Path.Combine(_folder, "host.crt"), Path.Combine(_folder, "old-host.crt"));
        File.Move(Path.Combine(_folder, "host.key"), Path.Combine(_folder, "old-host.key"));
        await MakeCertificatesAsync();
        File.Copy(Path.Combine(_folder, "old-host.crt"), Path.Combine(_folder, "host.crt"), overwrite: true);
        File.Copy(Path.Combine(_folder, "old-host.key"), Path.Combine(_folder, "host.key"), overwrite: true);
        var file = Write("inference", Mosquitto.FreePort(), Mosquitto.FreePort(), "\"Model\": { \"Path\": \"/models/a\" }");
        var findings = await ClusterChecks.RunAsync(EdgeConfiguration.Load(file), TimeProvider.System, CancellationToken.None);
        Assert.Contains(findings, finding => finding.Kind == FindingKind.Bad && finding.ToString().Contains("was not issued by", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Kind == FindingKind.Note && finding.ToString().Contains("cannot be reached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_section_the_program_loads_nothing_of_it_and_opens_no_port()
    {
        var file = ServiceConfiguration.Write(
            _folder,
            "embedded",
            new Dictionary<string, string> { ["gate"] = "pattern:" },
            new Dictionary<string, object> { ["Port"] = Mosquitto.FreePort() });
        await using var service = EdgeProcess.Start("run", "--config", file);
        await service.LogsAsync("publishes to");
        var maps = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{service.Id}/maps"));
        Assert.Contains("/Akka.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("/Akka.Remote.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("/Akka.Cluster.dll", maps, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Off_the_loopback_address_without_certificates_the_program_ends_with_2()
    {
        var file = Path.Combine(_folder, "bare.json");
        await File.WriteAllTextAsync(file, """
            { "MobileVlm": { "Cluster": { "Listen": "10.1.2.3:7071", "Nodes": ["10.1.2.4:7071"] }, "Mqtt": { "Broker": "embedded" },
              "Cameras": { "gate": { "Source": "pattern:", "Questions": { "person": { "Ask": "Is there a person?", "Answer": "YesNo" } } } } } }
            """);
        var (code, _, errors) = await EdgeProcess.RunAsync("run", "--config", file);
        Assert.Equal(2, code);
        Assert.Contains("MobileVlm:Cluster:CertificateFile", errors, StringComparison.Ordinal);
    }

    private string Write(string node, int port, int seed, string more, bool isSecure = true)
    {
        var file = Path.Combine(_folder, $"{node}.json");
        var certificates = isSecure ? ", \"CertificateFile\": \"host.crt\", \"KeyFile\": \"host.key\", \"AuthorityFile\": \"authority.crt\"" : "";
        File.WriteAllText(file, $$"""
            { "MobileVlm": { "Node": "{{node}}", {{more}},
              "Cluster": { "Listen": "127.0.0.1:{{port}}", "Nodes": ["127.0.0.1:{{seed}}"]{{certificates}} } } }
            """);
        return file;
    }

    /// <summary>Runs the commands of the page.</summary>
    private async Task MakeCertificatesAsync()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(DemoModel.Repository, "Deploy", "docs", "cluster.md"));
        var commands = Commands().Matches(page).Select(match => match.Groups["commands"].Value).ToList();
        Assert.Equal(2, commands.Count);
        var start = new ProcessStartInfo("sh") { WorkingDirectory = _folder, RedirectStandardError = true };
        start.ArgumentList.Add("-ec");
        start.ArgumentList.Add(string.Join('\n', commands));
        using var shell = Process.Start(start)!;
        var errors = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, errors);
    }

    [GeneratedRegex("```sh\n(?<commands>(?:openssl[^\n]*\n)+)```")]
    private static partial Regex Commands();
}
