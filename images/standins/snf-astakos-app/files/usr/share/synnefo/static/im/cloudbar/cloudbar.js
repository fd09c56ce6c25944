// The bar on top of every page: asks Astakos for services and menu, by script as hosts differ.
(function () {
    var own = document.getElementById("cloudbar-script").dataset;
    window.cloudbarAdd = function (entries) {
        entries.forEach(function (entry) {
            var link = document.createElement("a");
            link.href = entry.url;
            link.textContent = entry.name;
            document.getElementById("cloudbar").appendChild(link);
        });
    };
    [own.services, own.menu].forEach(function (url) {
        var script = document.createElement("script");
        script.src = url + "?callback=cloudbarAdd";
        script.async = false;
        document.body.appendChild(script);
    });
})();
